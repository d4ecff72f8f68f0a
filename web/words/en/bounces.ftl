bounces-title = Bounces and do-not-send
bounces-tab = Bounces
bounces-about = What could not be delivered in the last five weeks, and why. What is only delayed is not counted.
bounces-none = Nothing came back in the last five weeks.
bounces-count = { $count ->
    [one] One message
   *[other] { $count } messages
}
bounces-newest = The newest
stops-title = Do-not-send list
stops-about = Addresses your library no longer writes to. An address is added when its provider says that it does not work, when the patron asks, or when staff add it.
stops-find = Check an address
stops-free = { $address } is not on the list: notices go there.
stops-free-messages = See its messages
stops-none = No address is stopped.
stops-choose = Choose
stops-tick = Choose { $address }
stops-address = Address
stops-why = Why
stops-since = Since
stops-by-refusal = Its provider refused a notice
stops-by-bounce = A notice came back
stops-by-complaint = The patron marked a notice as spam
stops-message = The message
stops-again = Tried again on { $day }
stops-use = Use again
stops-use-hint = What was refused before counts no more. Your reason is kept.
stops-use-button = Use the ticked addresses again
stops-reason = Reason
stops-first = From the beginning
stops-next = More
stops-add = Stop writing to addresses
stops-addresses = Addresses
stops-addresses-hint = One per line; a reason of its own may follow after a comma.
stops-file = Save the list as CSV
stops-wrong-address = Enter a whole email address, such as name@library.example
stops-wrong-reason = Say why: it is kept with the address
stops-wrong-lines = { $count ->
    [one] This line has no email address: { $lines }
   *[other] { $count } lines have no email address, such as { $lines }
}
stops-wrong-number = Enter 1 to { $count } addresses
done-used-again = The next notice goes there again.
done-stopped = Your library no longer writes there.
