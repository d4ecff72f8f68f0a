-- What people find an event by: its patron's name, number and addresses, and its title, in small letters without accents. The index
-- has it too, so that looking through years of events reads nothing else. Accents of what was told before stay.
alter table event add column found_by text collate "C" not null default '';
update event set found_by = substr(lower(trim(
    coalesce(fields::jsonb #>> '{patron,full_name}',
             coalesce(fields::jsonb #>> '{patron,first_name}', '') || ' ' || coalesce(fields::jsonb #>> '{patron,surname}', '')) || ' ' ||
    coalesce(fields::jsonb #>> '{patron,id}', '') || ' ' ||
    coalesce(fields::jsonb #>> '{patron,email}', '') || ' ' ||
    coalesce(fields::jsonb #>> '{patron,phone}', '') || ' ' ||
    case when coalesce(fields::jsonb #>> '{hide_titles}', 'false') = 'true' then ''
         else coalesce(fields::jsonb #>> '{fields,title}', '') || ' ' || coalesce(fields::jsonb #>> '{fields,author}', '') end)), 1, 400)
where fields <> '{}';
create index event_found_by on event (library, id, found_by);
