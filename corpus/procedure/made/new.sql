create procedure p(inout a int) language plpgsql as $$ begin a := a + 1; end $$;
