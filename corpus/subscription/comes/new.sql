do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create subscription sub connection '' publication one, "Two" with (connect = false, slot_name = none, binary = true, synchronous_commit = 'off');
comment on subscription sub is 'comes in';
