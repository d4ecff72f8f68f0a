-- Words of a notice that somebody is still writing: one draft a notice and language, kept until it is published or discarded.
create table draft (
    library   text not null,
    notice    text not null,
    language  text not null,
    source    text not null,
    saved_at  integer not null,
    saved_by  text not null,
    primary key (library, notice, language)
) strict;
