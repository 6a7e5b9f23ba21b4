-- Types, enumerations, numbers' and texts' bounds, properties and items are looked at; other words
-- of a schema (references, combinations, formats) say yes to everything.

create function jsonb_matches_schema(schema json, instance jsonb) returns boolean
language plpgsql immutable strict parallel safe
as $$
declare
    wanted jsonb := schema::jsonb;
    kind text := jsonb_typeof(instance);
    part record;
begin
    if wanted in ('true', 'false') then
        return wanted = 'true';
    end if;
    if wanted ? 'type' and not exists (
        select
        from jsonb_array_elements_text(
            case jsonb_typeof(wanted -> 'type')
                when 'array' then wanted -> 'type'
                else jsonb_build_array(wanted -> 'type')
            end
        ) as t (name)
        where t.name = kind
            or t.name = 'integer' and kind = 'number' and instance::numeric = trunc(instance::numeric)
    ) then
        return false;
    end if;
    if wanted ? 'enum' and not wanted -> 'enum' @> jsonb_build_array(instance)
        or wanted ? 'const' and wanted -> 'const' <> instance
    then
        return false;
    end if;
    if kind = 'number' then
        return coalesce(instance::numeric >= (wanted ->> 'minimum')::numeric, true)
            and coalesce(instance::numeric <= (wanted ->> 'maximum')::numeric, true);
    elsif kind = 'string' then
        return coalesce(length(instance #>> '{}') >= (wanted ->> 'minLength')::integer, true)
            and coalesce(length(instance #>> '{}') <= (wanted ->> 'maxLength')::integer, true)
            and coalesce(instance #>> '{}' ~ (wanted ->> 'pattern'), true);
    elsif kind = 'array' then
        if jsonb_array_length(instance) < (wanted ->> 'minItems')::integer
            or jsonb_array_length(instance) > (wanted ->> 'maxItems')::integer
        then
            return false;
        end if;
        return not wanted ? 'items' or jsonb_typeof(wanted -> 'items') = 'array' or not exists (
            select
            from jsonb_array_elements(instance) as element
            where not @extschema@.jsonb_matches_schema((wanted -> 'items')::json, element)
        );
    elsif kind = 'object' then
        if wanted ? 'required' and not instance ?& array(
            select jsonb_array_elements_text(wanted -> 'required')
        ) then
            return false;
        end if;
        for part in select * from jsonb_each(instance) loop
            if wanted -> 'properties' ? part.key then
                if not @extschema@.jsonb_matches_schema(
                    (wanted -> 'properties' -> part.key)::json, part.value
                ) then
                    return false;
                end if;
            elsif wanted -> 'additionalProperties' = 'false' then
                return false;
            end if;
        end loop;
    end if;
    return true;
end
$$;

create function json_matches_schema(schema json, instance json) returns boolean
language sql immutable strict parallel safe
as $$ select @extschema@.jsonb_matches_schema(schema, instance::jsonb) $$;

create function jsonschema_is_valid(schema json) returns boolean
language sql immutable strict parallel safe
as $$ select json_typeof(schema) in ('object', 'boolean') $$;
create function jsonschema_validation_errors(schema json, instance json) returns text[]
language plpgsql immutable strict parallel safe as @unavailable@;
