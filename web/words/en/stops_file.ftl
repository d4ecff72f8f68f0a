stops-file-bring = Stop the addresses of a file
stops-file-choose = A file with addresses (CSV)
stops-file-hint = Columns named address and reason, or addresses alone, one per line. You see what is in it before anything is changed.
stops-file-check = Check the file
stops-file-title = What is in the file
stops-file-none = There is no address in this file. Save your list as CSV, with one address in each row, and choose it again.
stops-file-good = { $count ->
    [one] One address can be stopped.
   *[other] { $count } addresses can be stopped.
}
stops-file-nothing = No address of this file is left to be stopped.
stops-file-listed = { $count ->
    [one] One is on the list already.
   *[other] { $count } are on the list already.
}
stops-file-repeated = { $count ->
    [one] One row says an address a second time.
   *[other] { $count } rows say an address a second time.
}
stops-file-wrong = { $count ->
    [one] One row cannot be used
   *[other] { $count } rows cannot be used
}
stops-file-wrong-about = They are left out. To stop them too, put them right in your file and check it again.
stops-file-more = { $count ->
    [one] And one more.
   *[other] And { $count } more.
}
stops-file-line = Row
stops-file-text = It says
stops-file-why = What is wrong
stops-file-empty = There is no address
stops-file-no-address = This is not an email address
stops-file-unreadable = From here on this is not a CSV file
stops-file-too-many = Too many at once: bring the rest in a second file
stops-file-first = The first of them
stops-file-reason-hint = For the addresses that have no reason of their own in the file.
stops-file-apply = { $count ->
    [one] Stop writing to this address
   *[other] Stop writing to these { $count } addresses
}
stops-file-back = Back to the list, and change nothing
