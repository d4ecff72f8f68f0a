-- Libraries whose queue a person has stopped for a while. The library '' is everybody. What is due waits; what comes
-- to its deadline ends there all the same.
create table pause (
    library  text primary key,
    since    integer not null,
    by_whom  text not null
) strict;
