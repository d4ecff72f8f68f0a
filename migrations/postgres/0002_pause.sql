-- Libraries whose queue a person has stopped for a while. The library '' is everybody. What is due waits; what comes
-- to its deadline ends there all the same.
create table pause (
    library  text collate "C" primary key,
    since    bigint not null,
    by_whom  text collate "C" not null
);
