-- What the DNS calls the machines that reports tell of.
create table source_name (
    source     text primary key,           -- the IP address
    name       text not null,              -- empty: none that leads back to it
    looked_at  integer not null
) strict;
