create subscription sub connection '' publication two, one with (connect = false, slot_name = none, binary = true, streaming = true, disable_on_error = true, synchronous_commit = 'local');
