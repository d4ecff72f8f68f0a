-- The certificate of our own doors, as an authority gave it (RFC 8555), and the order that is under way. One row for each list of names.
create table certificate (
    names          text collate "C" primary key,         -- with spaces between them
    chain          text collate "C",                     -- PEM; null: there is none yet
    key            bytea,                     -- PEM, sealed
    begins_at      bigint,
    ends_at        bigint,
    ordered_until  bigint not null default 0, -- one process orders it until then
    again_at       bigint not null default 0, -- not tried before
    tries          bigint not null default 0, -- in vain since the last one came
    trouble        text collate "C"                      -- why the last try was in vain
);

-- Our account with each authority.
create table acme_account (
    directory    text collate "C" primary key,
    credentials  bytea not null               -- sealed
);

-- What an authority asks at our names, and what it is answered, by whichever process it comes to.
create table acme_challenge (
    token    text collate "C" primary key,
    answer   text collate "C" not null,
    made_at  bigint not null
);
