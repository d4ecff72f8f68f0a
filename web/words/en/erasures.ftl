erasures-title = Erased lately, and being erased
erasures-about = A patron who is erased is out of sight at once, and is sent nothing more. The rest goes on by itself, a little at a time, so that nobody waits for it. No line here says who it was.
erasures-none = Nothing has been erased so far.
erasures-stands = How it stands
erasures-by = asked for by { $by }
erasures-by-itself = its time had come
erasure-of-patron = A patron
erasure-of-retention = What was kept long enough
erasure-waiting = Waiting
erasure-under-way = Under way
erasure-failing = Could not go on
erasure-failing-hint = It is tried again on { $time }, and not given up. If this stays, tell whoever runs Courtesy.
erasure-done = Done
erasure-left = { $count } still to go
erasure-events = { $count ->
    [one] One event without a name
   *[other] { $count } events without a name
}
erasure-messages = { $count ->
    [one] One message without address and title
   *[other] { $count } messages without address and title
}
erasure-talks = { $count ->
    [one] One message without what servers said
   *[other] { $count } messages without what servers said
}
erasure-cancelled = { $count ->
    [one] One message that waited was taken back
   *[other] { $count } messages that waited were taken back
}
erasure-beside = { $count ->
    [one] One contact detail, choice or device
   *[other] { $count } contact details, choices and devices
}
deed-patron-erase-asked = Asked for a patron to be erased
deed-retention-erased = Erased what was kept long enough
