-- The schema that a program must know to work with this database. A change that older programs cannot work with adds its own number;
-- without one, processes of the version before go on while the new one starts.
create table works_with (
    schema  integer primary key
) strict;
