-- What proves us to a library's own relay: a password or a token.
create table relay_secret (
    library     text primary key,
    sealed      blob not null,             -- bound to library, relay and account
    changed_at  integer not null
) strict;

-- What our test messages through a library's own relay came to.
create table relay_proof (
    library     text primary key,
    proof       text not null,             -- JSON
    changed_at  integer not null
) strict;
