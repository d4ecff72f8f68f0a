retention-title = Retention
retention-about = What is kept, how long, and why. After that time it is erased automatically.
retention-what = What
retention-how-long = How long
retention-erased = Erased
retention-days = { $count } days
retention-for-good = As long as the library is here
retention-content = Who messages were for and what they were about
retention-content-why = Names, addresses, titles and receivers’ words. Needed to send again and to answer questions.
retention-talk = What servers said to each other
retention-talk-why = Needed to find out why something did not arrive.
retention-address = The do-not-send list
retention-address-why = So that nobody is written to who must not be.
retention-submitted = Mail that your systems handed in
retention-submitted-why = As it came, so that it can be sent again.
retention-events = That there was a message, and what became of it
retention-events-why = No names: the figures under Arrival.
retention-audit = Audit
retention-audit-why = Who changed what. Patrons stand there by their number alone.
retention-count = { $count ->
    [one] One message
   *[other] { $count } messages
}
retention-upto = Done up to { $day }
retention-due = { $count } to be erased; that happens by itself, once a day.
retention-change = Change how long
retention-not-own = These are the consortium’s times. What you save here holds for your library alone.
retention-in-days = In days
retention-in-days-content = In days, at least { $count }: as long as a letter may wait to be posted, and a week
retention-wrong-content = Enter a number of days from { $count } to { $most }: letters that wait to be posted need name and address that long
retention-wrong-talk = Enter a number of days from { $count } to { $most }
retention-asks = { $count } messages will lose their names, addresses and titles in the next hours.
retention-asks-about = That cannot be undone. Press the button below if you are sure.
retention-sure = Erase it, and save
retention-texts = What text message gateways call each message
retention-texts-why = Receipts come within days. What patrons texted is passed on and not kept.
retention-patrons = What is known of patrons: name, contact details, choices, consent to texts
retention-patrons-why = From the last change on, and as long as any of their notices is kept. What they refused (STOP, spam reports) is kept for good, so that it is respected.
