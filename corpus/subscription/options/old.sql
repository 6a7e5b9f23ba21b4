create subscription sub connection '' publication one with (connect = false, slot_name = none);
