insert into public.notes (author, body) values
    ('ada', 'Note G'),
    ('grace', 'A ship in port is safe');
