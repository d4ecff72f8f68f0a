-- How long a library keeps what messages say of patrons and items. The library '' is the consortium, for all that set nothing.
create table retention (
    library     text primary key,
    content     integer not null,          -- days: who a message was for, and what it was about
    talk        integer not null,          -- days: what servers said to each other
    changed_at  integer not null
) strict;

-- How far the erasing of each library has come.
create table erased (
    library   text not null,
    what      text not null,            -- 'content' or 'talk'
    upto      blob not null,               -- the last message looked at
    messages  integer not null,            -- erased so far, all in all
    at        integer not null,
    primary key (library, what)
) strict;
create index request_facts_at on request_facts (library, at);
