-- An operator's pause. The other columns are the forwarder's own, which asks again by itself; this one ends by hand.
alter table system add held_at timestamptz, add held_by text not null default '';
