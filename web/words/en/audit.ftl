audit-title = Audit
audit-about = Who changed what, when and why. Entries are added and never changed.
audit-empty = Nothing was changed yet.
audit-none = Nothing fits. Choose another kind of change, or another name.
audit-what = What
audit-by = Who
audit-because = Because: { $why }
audit-changes = { $count ->
    [one] One change
   *[other] { $count } changes
}
audit-file = Save as CSV
audit-check = Check that no entry was altered
audit-whole = { $count ->
    [one] The one entry is as it was written.
   *[other] All { $count } entries are as they were written.
}
audit-broken = Entry { $count } is missing or was altered.
audit-broken-do = Somebody has changed the database itself. Tell whoever runs this service.
deed-record-added = Added the library
deed-record-changed = Changed the Participant Record
deed-words-saved = Saved the words of a notice
deed-words-reset = Went back to the shared words of a notice
deed-queue-paused = Paused sending
deed-queue-resumed = Let sending go on
deed-queue-let-go = Let go notices that were held because so many came at once
deed-queue-dropped = Dropped notices that were held because so many came at once
deed-relay-drained = Took a mail relay out of use
deed-relay-resumed = Put a mail relay back into use
deed-queue-flushed = Had everything tried at once
deed-address-stopped = Put on the do-not-send list
deed-address-allowed = Used an address again
deed-message-cancelled = Took a message back
deed-message-released = Let a held message go
deed-message-repeated = Sent a message again
deed-letter-posted = Posted a letter
deed-letter-printed = Took out letters to print
deed-unreached-seen-to = Took care of a patron who was not reached
deed-key-made = Made an API key
deed-key-ended = Revoked an API key
deed-staff-added = Added a person
deed-staff-role = Changed somebody’s role
deed-staff-role-ended = Took somebody’s role away
deed-staff-link = Made a sign-in link for somebody
deed-account-password = Set a password
deed-account-recovery-codes = Made new recovery codes
deed-account-passkey = Added a passkey
deed-account-passkey-removed = Removed a passkey
deed-webhook-added = Added a webhook
deed-webhook-changed = Changed a webhook
deed-webhook-on = Switched a webhook on
deed-webhook-off = Switched a webhook off
deed-webhook-secret = Gave a webhook a new secret
deed-webhook-removed = Removed a webhook
deed-webhook-replayed = Had events posted again
deed-webhook-tested = Posted a test event
deed-relay-secret-changed = Changed the password of the library’s relay
deed-dkim-changed = Changed a signing key
deed-list-exported = Saved a list as a file
deed-it-reminded = Reminded the IT department
deed-retention-changed = Changed how long things are kept
audit-about-all = Only what was changed for all libraries is listed here; each library has its own list.
audit-empty-all = Nothing was changed for all libraries yet.
by-key = key “{ $name }”
