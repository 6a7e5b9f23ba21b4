create type words as range (subtype = text, multirange_type_name = many);
