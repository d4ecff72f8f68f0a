-- The certificate of our own doors, as an authority gave it (RFC 8555), and the order that is under way. One row for each list of names.
create table certificate (
    names          text primary key,         -- with spaces between them
    chain          text,                     -- PEM; null: there is none yet
    key            blob,                     -- PEM, sealed
    begins_at      integer,
    ends_at        integer,
    ordered_until  integer not null default 0, -- one process orders it until then
    again_at       integer not null default 0, -- not tried before
    tries          integer not null default 0, -- in vain since the last one came
    trouble        text                      -- why the last try was in vain
) strict, without rowid;

-- Our account with each authority.
create table acme_account (
    directory    text primary key,
    credentials  blob not null               -- sealed
) strict, without rowid;

-- What an authority asks at our names, and what it is answered, by whichever process it comes to.
create table acme_challenge (
    token    text primary key,
    answer   text not null,
    made_at  integer not null
) strict, without rowid;
