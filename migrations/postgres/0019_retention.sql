-- How long a library keeps what messages say of patrons and items. The library '' is the consortium, for all that set nothing.
create table retention (
    library     text collate "C" primary key,
    content     bigint not null,          -- days: who a message was for, and what it was about
    talk        bigint not null,          -- days: what servers said to each other
    changed_at  bigint not null
);

-- How far the erasing of each library has come.
create table erased (
    library   text collate "C" not null,
    what      text collate "C" not null,            -- 'content' or 'talk'
    upto      bytea not null,              -- the last message looked at
    messages  bigint not null,            -- erased so far, all in all
    at        bigint not null,
    primary key (library, what)
);
create index request_facts_at on request_facts (library, at);
