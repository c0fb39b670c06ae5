-- What a carrier is to be asked about a message that it has: what became of it, or (cancel) to drop it. The owner of its
-- lease asks, and deletes the row in the transaction that records the answer.
create table inquiry (
  message bigint primary key,
  carrier smallint not null,
  cancel boolean not null
);
create index inquiry_carrier on inquiry (carrier, cancel desc, message);

-- Its carrier is asked to drop it: then a receipt DELETED is no failure. Null: no.
alter table outbound add cancelling boolean;

-- 7: dropped by the carrier, as we asked.
alter table outpart drop constraint outpart_state_check,
  add constraint outpart_state_check check (state between 0 and 7);
