home-title = Staff Dashboard
home-verdict-good = Your notices are being accepted.
home-verdict-most = Most of your notices are being accepted; a few are not.
home-verdict-bad = Many of your notices are not being accepted.
home-verdict-empty = Nothing was sent in the last seven days.
home-verdict-none = How your notices leave
home-as-own = They leave in your library’s own name, as { $from }.
home-as-shared = They leave from your library’s shared address, { $from }; replies come to you.
home-checked = Checked { $when }.
home-unreached = { $count ->
    [0] Patrons we could not reach
   *[other] Patrons we could not reach ({ $count })
}
home-unreached-none = Every patron was reached in the last 14 days.
home-unreached-unseen = As far as we know every patron was reached. But notices that come back go to { $mailbox } and not to us: look there for them.
home-unreached-more-unseen = There may be more: notices that come back go to { $mailbox } and not to us. Look there too.
home-unreached-all = All that could not be delivered
home-fix = Look and fix
home-phoned = Mark as phoned
home-days = Last 7 days
home-more-than = more than { $count }
home-tile-all = { $count ->
    [one] message
   *[other] messages
}
home-tile-accepted = accepted
home-tile-failed = not delivered
home-tile-under-way = on their way
home-needs = Needs attention
home-paused = Sending is paused since { $when }, by { $by }.
home-no-phone = Your notices give no telephone number to call.
home-no-reply-to = Nobody reads replies: no address is set for them to go to.
home-no-staff-addresses = No staff email address is set, so nobody is told when a loan needs attention.
home-held = { $count ->
    [one] One message waits for a decision.
   *[other] { $count } messages wait for a decision.
}
home-decide = Decide
home-add = Add it
libraries-title = Libraries
libraries-find = Name or code of a library
libraries-name = Library
libraries-code = Code
libraries-sender = Sends as
libraries-none = No library fits. Look for a part of its name or its code.
libraries-more = { $count ->
    [one] One more; narrow the search to see it.
   *[other] { $count } more; narrow the search to see them.
}
done-handled = Noted. It is off the list.
