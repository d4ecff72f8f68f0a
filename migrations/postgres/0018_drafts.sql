-- Words of a notice that somebody is still writing: one draft a notice and language, kept until it is published or discarded.
create table draft (
    library   text collate "C" not null,
    notice    text collate "C" not null,
    language  text collate "C" not null,
    source    text collate "C" not null,
    saved_at  bigint not null,
    saved_by  text collate "C" not null,
    primary key (library, notice, language)
);
