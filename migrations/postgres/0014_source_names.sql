-- What the DNS calls the machines that reports tell of.
create table source_name (
    source     text collate "C" primary key,           -- the IP address
    name       text collate "C" not null,              -- empty: none that leads back to it
    looked_at  bigint not null
);
