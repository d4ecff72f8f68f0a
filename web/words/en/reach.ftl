reach-title = How patrons are reached
reach-about = Which way first, which next, and when. What a patron has chosen comes before it.
reach-ways = Ways to a patron
reach-ways-hint = When one fails, the next is tried. One that succeeds ends it: nobody is told twice.
reach-no-texts = No gateway for text messages is set up here yet: they are passed over.
reach-place = { $number ->
    [1] First
    [2] Second
    [3] Third
   *[other] At last
}
reach-way-mail = Email
reach-way-text = Text message
reach-way-push = Notification
reach-way-letter = Letter
reach-none = none
reach-next-after = Try the next way after
reach-next-after-hint = In hours. 0: only when the one before has failed. A message that still waits is taken back first.
reach-after-hours = { $count ->
    [one] an hour, or when the one before has failed
   *[other] { $count } hours, or when the one before has failed
}
reach-when-failed = when the one before has failed
reach-ladders = Other orders for single notices
reach-ladders-hint = One per line: a notice, a colon and its ways, such as overdue: Email, Letter
reach-quiet = Quiet hours
reach-quiet-hint = Text messages and notifications wait until they are over. The same time twice: they never wait.
reach-quiet-from = From
reach-quiet-to = Until
reach-quiet-hours = from { $from } to { $to }
reach-quiet-closed = They also wait on days on which the library is closed
reach-postal = The library’s postal address
reach-postal-hint = A line each. Letters that cannot be delivered come back to it.
reach-envelope = Envelopes for letters
envelope-no10 = No. 10, window at the left (Letter paper)
envelope-din-5008-b = DL or C6/5, window at the left (A4, DIN 5008 form B)
envelope-dl-right = DL, window at the right (A4)
reach-wrong-ladder = Choose at least one way
reach-wrong-ladders = Write each as a notice, a colon and its ways, such as overdue: Email, Letter
reach-wrong-next-after-hours = Enter hours from 0 to 48
reach-wrong-quiet-from = Enter times such as 21:00
reach-wrong-postal = Enter at most 7 lines of 60 letters
reach-notices = The notices and their codes
