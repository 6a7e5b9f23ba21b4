//! Extensions that the platform has and a plain server lacks: one file each.
//!
//! Versions are those that people's scripts name; a script that asks for another gets the present
//! one.

use super::StandIn;

/// Every one, by name.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub(super) const ALL: &[StandIn] = &[
    StandIn::new("address_standardizer", "3.3.7", include_str!("address_standardizer.sql")).or(&["3.3.2"]),
    StandIn::new("address_standardizer_data_us", "3.3.7", include_str!("address_standardizer_data_us.sql")).or(&["3.3.2"]),
    StandIn::new("http", "1.6", include_str!("http.sql")).or(&["1.3", "1.4", "1.5"]),
    StandIn::new("hypopg", "1.4.1", include_str!("hypopg.sql")).or(&["1.3.1", "1.4.0"]),
    StandIn::new("index_advisor", "0.2.0", include_str!("index_advisor.sql")).or(&["0.1.0", "0.1.1"]).requires(&["hypopg"]),
    StandIn::new("pg_cron", "1.6.4", include_str!("pg_cron.sql")).or(&["1.4", "1.4-1", "1.5", "1.6"]).fixed().preloaded(),
    StandIn::new("pg_graphql", "1.5.11", include_str!("pg_graphql.sql")).or(&["1.2.2", "1.3.0", "1.4.0", "1.4.4", "1.5.0", "1.5.1", "1.5.4", "1.5.7", "1.5.9"]).in_schema("graphql"),
    StandIn::new("pg_hashids", "1.3", include_str!("pg_hashids.sql")).or(&["1.2.1"]),
    StandIn::new("pg_jsonschema", "0.3.3", include_str!("pg_jsonschema.sql")).or(&["0.1.4", "0.2.0", "0.3.0", "0.3.1"]).fixed(),
    StandIn::new("pg_net", "0.19.5", include_str!("pg_net.sql")).or(&["0.2", "0.6", "0.6.1", "0.7", "0.7.1", "0.7.3", "0.8.0", "0.9.2", "0.10.0", "0.11.0", "0.12.0", "0.13.0", "0.14.0"]).fixed().preloaded(),
    StandIn::new("pg_partman", "5.3.1", include_str!("pg_partman.sql")).or(&["4.7.4", "5.1.0"]).fixed(),
    StandIn::new("pg_repack", "1.5.2", include_str!("pg_repack.sql")).or(&["1.4.8", "1.5.0"]).fixed(),
    StandIn::new("pg_stat_monitor", "2.1", include_str!("pg_stat_monitor.sql")).or(&["1.0", "1.1", "2.0"]).preloaded(),
    StandIn::new("pg_tle", "1.4.0", include_str!("pg_tle.sql")).or(&["1.0.1", "1.0.3", "1.1.1", "1.3.2"]).in_schema("pgtle").preloaded(),
    StandIn::new("pgaudit", "17.0", include_str!("pgaudit.sql")).or(&["1.7", "16.0"]).preloaded(),
    StandIn::new("pgjwt", "0.2.0", include_str!("pgjwt.sql")).or(&["0.1.1"]).requires(&["pgcrypto"]).fixed(),
    StandIn::new("pgmq", "1.5.1", include_str!("pgmq.sql")).or(&["1.4.4", "1.4.5", "1.5.0"]).in_schema("pgmq"),
    StandIn::new("pgroonga", "3.2.5", include_str!("pgroonga.sql")).or(&["2.4.0", "3.0.7", "3.1.6"]),
    StandIn::new("pgrouting", "3.4.1", include_str!("pgrouting.sql")).requires(&["postgis"]),
    StandIn::new("pgsodium", "3.1.9", include_str!("pgsodium.sql")).or(&["2.0.0", "3.0.4", "3.1.5", "3.1.6", "3.1.8"]).in_schema("pgsodium").preloaded(),
    StandIn::new("pgtap", "1.3.3", include_str!("pgtap.sql")).or(&["1.1.0", "1.2.0", "1.3.1"]),
    StandIn::new("plpgsql_check", "2.7", include_str!("plpgsql_check.sql")).or(&["2.2", "2.3"]),
    StandIn::new("plv8", "3.1.10", include_str!("plv8.sql")).or(&["2.3.13", "3.1.5"]).fixed(),
    StandIn::new("postgis", "3.3.7", include_str!("postgis.sql")).or(&["3.1.4", "3.1.7", "3.3.2", "3.3.3", "3.4.0"]).fixed(),
    StandIn::new("postgis_raster", "3.3.7", include_str!("postgis_raster.sql")).or(&["3.3.2"]).requires(&["postgis"]).fixed(),
    StandIn::new("postgis_tiger_geocoder", "3.3.7", include_str!("postgis_tiger_geocoder.sql")).or(&["3.3.2"]).requires(&["postgis", "fuzzystrmatch"]).in_schema("tiger"),
    StandIn::new("postgis_topology", "3.3.7", include_str!("postgis_topology.sql")).or(&["3.3.2"]).requires(&["postgis"]).in_schema("topology"),
    StandIn::new("rum", "1.3", include_str!("rum.sql")).or(&["1.2"]),
    StandIn::new("supabase_vault", "0.3.1", include_str!("supabase_vault.sql")).or(&["0.2.8", "0.3.0"]).in_schema("vault").preloaded(),
    StandIn::new("timescaledb", "2.16.1", include_str!("timescaledb.sql")).or(&["2.5.2", "2.9.1"]).fixed().preloaded(),
    StandIn::new("vector", "0.8.0", include_str!("vector.sql")).or(&["0.1.8", "0.4.0", "0.4.1", "0.4.2", "0.4.4", "0.5.0", "0.5.1", "0.6.0", "0.6.2", "0.7.0", "0.7.2", "0.7.4", "0.8.1"]),
    StandIn::new("wrappers", "0.5.3", include_str!("wrappers.sql")).or(&["0.1.9", "0.1.16", "0.2.0", "0.3.0", "0.3.1", "0.4.1", "0.4.3", "0.4.4", "0.4.5", "0.5.0"]).fixed(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;

    #[test]
    fn every_script_of_this_folder_is_a_stand_in_of_its_name() {
        let folder =
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/shadow/baselines/supabase/stand_ins");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".sql").map(str::to_owned)
            })
            .collect();
        let names: Vec<&str> = ALL.iter().map(|one| one.name).collect();
        assert!(names.is_sorted());
        assert_eq!(files, names.iter().map(|name| (*name).to_owned()).collect());
    }
}
