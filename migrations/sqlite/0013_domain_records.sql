-- Records that let us write in a library's name and that its DNS has, as the last look found them.
create table domain_record (
    library    text not null,
    name       text not null,
    domain     text not null,              -- the library's From domain, which the name is in
    found_at   integer not null,
    primary key (library, name)
) strict;
