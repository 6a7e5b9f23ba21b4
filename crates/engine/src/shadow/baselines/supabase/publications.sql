-- What the realtime server follows: its members are the user's.

create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;
create publication supabase_realtime_messages_publication for table realtime.messages;
alter publication supabase_realtime_messages_publication owner to supabase_admin;
