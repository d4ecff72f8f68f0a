-- What proves us to a library's own relay: a password or a token.
create table relay_secret (
    library     text collate "C" primary key,
    sealed      bytea not null,             -- bound to library, relay and account
    changed_at  bigint not null
);

-- What our test messages through a library's own relay came to.
create table relay_proof (
    library     text collate "C" primary key,
    proof       text collate "C" not null,             -- JSON
    changed_at  bigint not null
);
