-- What people find an event by: its patron's name, number and addresses, and its title, in small letters without accents. The index
-- has it too, so that looking through years of events reads nothing else. Accents of what was told before stay.
alter table event add column found_by text not null default '';
update event set found_by = substr(lower(trim(
    coalesce(json_extract(fields, '$.patron.full_name'),
             coalesce(json_extract(fields, '$.patron.first_name'), '') || ' ' || coalesce(json_extract(fields, '$.patron.surname'), '')) || ' ' ||
    coalesce(json_extract(fields, '$.patron.id'), '') || ' ' ||
    coalesce(json_extract(fields, '$.patron.email'), '') || ' ' ||
    coalesce(json_extract(fields, '$.patron.phone'), '') || ' ' ||
    case when coalesce(json_extract(fields, '$.hide_titles'), 0) then ''
         else coalesce(json_extract(fields, '$.fields.title'), '') || ' ' || coalesce(json_extract(fields, '$.fields.author'), '') end)), 1, 400)
where fields <> '{}';
create index event_found_by on event (library, id, found_by);
