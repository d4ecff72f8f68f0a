nav-ops = Operating
ops-title = Operating
ops-verdict-good = Everything is moving.
ops-verdict-paused = Sending is paused for everybody.
ops-verdict-stuck = { $count ->
    [one] The oldest message has been due for a minute.
   *[other] The oldest message has been due for { $count } minutes.
}
ops-version = Courtesy { $version }.
ops-since = Running since { $when } (UTC).
ops-queue = The queue
ops-everybody = Everybody
ops-resume = Resume sending
ops-flush = Try everything now
ops-pause = Pause everybody
ops-wrong = What is wrong
ops-nothing-wrong = Nothing is.
ops-until = Left alone until { $when } (UTC)
ops-times = { $count ->
    [one] Once,
   *[other] { $count } times, since
}
ops-providers = Mailbox providers, this week and last
ops-no-providers = Nothing was sent.
ops-no-relays = No relay is set up: see the settings.
ops-host = Host
ops-sources = Sends from
ops-any-source = whatever address its system chooses
ops-planned = Planned for { $day }
ops-ending = Sends no more from { $day } on
ops-nowhere = No machine that runs has it: nothing leaves by it
done-paused = Sending is paused. What is under way is finished.
done-resumed = Sending has resumed.
done-flushed = Everything that waits is tried now.
ops-drained = Out of use since { $when } (UTC), by { $by }
ops-many = Many at once: let them go?
ops-held = { $count ->
    [one] one message is held
   *[other] { $count } messages are held
}
ops-let-go = Let them go
ops-drop = Take them back
ops-relay-resume = Use again
ops-relay-drain = Take out of use
done-let-go = They leave now.
done-dropped = They are taken back and will not be sent.
ops-relay-ptr = Its address has no name in DNS that leads back to it.
ops-relay-helo = The name it says leads to other addresses.
ops-relay-certificate = Its certificate has to be renewed.
ops-relay-port-25 = It reaches no mail server: port 25 seems to be closed.
ops-relay-block-lists = Its address is on a block list.
ops-verdict-relays = { $count ->
    [one] One relay needs attention.
   *[other] { $count } relays need attention.
}
ops-do = What to do
