-- Jobs are noted, as with the real extension; no scheduler ever runs them.

do $$ begin
    if to_regnamespace('cron') is null then
        create schema cron;
    end if;
end $$;

create sequence cron.jobid_seq;
create table cron.job (
    jobid bigint primary key default nextval('cron.jobid_seq'),
    schedule text not null,
    command text not null,
    nodename text not null default 'localhost',
    nodeport integer not null default coalesce(inet_server_port(), 5432),
    database text not null default current_database(),
    username text not null default current_user,
    active boolean not null default true,
    jobname text,
    constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
grant select on cron.job to public;

create sequence cron.runid_seq;
create table cron.job_run_details (
    jobid bigint,
    runid bigint primary key default nextval('cron.runid_seq'),
    job_pid integer,
    database text,
    username text,
    command text,
    status text,
    return_message text,
    start_time timestamptz,
    end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);
grant select, delete on cron.job_run_details to public;

select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');

create function cron._check(schedule text) returns void
language plpgsql
as $$
begin
    if schedule !~* '^\s*(@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)|[1-5]?[0-9] seconds?|[^\s]+(\s+[^\s]+){4})\s*$' then
        raise exception using errcode = '22023', message = 'invalid schedule: ' || schedule;
    end if;
end
$$;

create function cron.schedule_in_database(
    job_name text,
    schedule text,
    command text,
    database text,
    username text default null,
    active boolean default true
)
returns bigint
language plpgsql
as $$
declare
    id bigint;
begin
    perform cron._check(schedule);
    insert into cron.job as j (jobname, schedule, command, database, username, active)
    values (
        job_name, schedule, command, database, coalesce(username, current_user::text), active
    )
    on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule,
        command = excluded.command,
        database = excluded.database,
        active = excluded.active
    returning j.jobid into id;
    return id;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint
language sql
as $$ select cron.schedule_in_database(null, schedule, command, current_database()) $$;

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language sql
as $$ select cron.schedule_in_database(job_name, schedule, command, current_database()) $$;

create function cron.alter_job(
    job_id bigint,
    schedule text default null,
    command text default null,
    database text default null,
    username text default null,
    active boolean default null
)
returns void
language plpgsql
as $$
begin
    perform cron._check(alter_job.schedule) where alter_job.schedule is not null;
    update cron.job as j
    set schedule = coalesce(alter_job.schedule, j.schedule),
        command = coalesce(alter_job.command, j.command),
        database = coalesce(alter_job.database, j.database),
        username = coalesce(alter_job.username, j.username),
        active = coalesce(alter_job.active, j.active)
    where j.jobid = job_id;
    if not found then
        raise exception 'Job % does not exist or you don''t own it', job_id;
    end if;
end
$$;

create function cron.unschedule(job_id bigint) returns boolean
language plpgsql
as $$
begin
    delete from cron.job where jobid = job_id;
    if not found then
        raise exception 'could not find valid entry for job ''%''', job_id;
    end if;
    return true;
end
$$;

create function cron.unschedule(job_name text) returns boolean
language plpgsql
as $$
begin
    delete from cron.job where jobname = job_name and username = current_user;
    if not found then
        raise exception 'could not find valid entry for job ''%''', job_name;
    end if;
    return true;
end
$$;

create function cron.job_cache_invalidate() returns trigger
language plpgsql
as $$ begin return null; end $$;
create trigger cron_job_cache_invalidate
    after insert or delete or update or truncate on cron.job
    for each statement execute function cron.job_cache_invalidate();

-- On the platform it is always in pg_catalog, whatever schema a script says.
update pg_catalog.pg_extension
set extnamespace = 'pg_catalog'::regnamespace
where extname = 'pg_cron';
delete from pg_catalog.pg_depend
where classid = 'pg_catalog.pg_extension'::regclass
    and objid = (select oid from pg_catalog.pg_extension where extname = 'pg_cron')
    and refclassid = 'pg_catalog.pg_namespace'::regclass;
