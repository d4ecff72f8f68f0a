-- Records that let us write in a library's name and that its DNS has, as the last look found them.
create table domain_record (
    library    text collate "C" not null,
    name       text collate "C" not null,
    domain     text collate "C" not null,              -- the library's From domain, which the name is in
    found_at   bigint not null,
    primary key (library, name)
);
