arrival-title = Arrival
arrival-span = How far back
arrival-weeks = { $count } weeks
arrival-verdict-none = Nothing was sent in these weeks.
arrival-verdict-good = Your notices are being accepted.
arrival-verdict-some = Most of your notices are being accepted; some are not.
arrival-verdict-bad = Many of your notices are not being accepted.
arrival-all = { $count ->
    [one] We know what became of one message; receivers accepted { $accepted }.
   *[other] We know what became of { $count } messages; receivers accepted { $accepted }.
}
arrival-few = Percentages appear after 20 messages.
arrival-caveat = Accepted means that the receiver’s server took it. Nobody can see whether it lies in the inbox or in spam.
arrival-of = { $count } of { $all }
arrival-question-weeks = Are notices being accepted?
arrival-chart = Messages accepted and not delivered, by week. The table below has the numbers.
arrival-accepted = Accepted
arrival-failed = Not delivered
arrival-share = Share accepted
arrival-week = Week from
arrival-table = The same as a table
arrival-question-where = Where are they not accepted?
arrival-provider = Mailbox provider
arrival-others = All others
arrival-not = { $count ->
    [one] 1 not accepted
   *[other] { $count } not accepted
}
arrival-question-why = Why not?
arrival-no-reasons = Nothing failed in these weeks.
arrival-suppressed = { $count ->
    [one] One more was not sent, because its address is on the do-not-send list.
   *[other] { $count } more were not sent, because their addresses are on the do-not-send list.
}
arrival-question-fast = How fast are they accepted?
arrival-within-10s = within 10 seconds
arrival-within-1m = within a minute
arrival-within-10m = within 10 minutes
arrival-within-1h = within an hour
arrival-within-4h = within 4 hours
arrival-within-1d = within a day
arrival-question-order = Is our domain in good order?
arrival-reporters = { $count ->
    [one] One receiver told us who sends in the name of this domain.
   *[other] { $count } receivers told us who sends in the name of this domain.
}
arrival-reported = The last report came on { $day }.
arrival-libraries-title = Which libraries these are
arrival-libraries-span = { $from } to { $to }
arrival-libraries-none = No library has such messages in these weeks.
arrival-libraries-back = Back to Arrival
arrival-verdict-all-good = The libraries’ notices are being accepted.
arrival-verdict-all-some = Most of the libraries’ notices are being accepted; some are not.
arrival-verdict-all-bad = Many of the libraries’ notices are not being accepted.
