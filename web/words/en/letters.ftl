letters-title = Letters
letters-about = Notices that could not reach their patron any other way. Print them, post them, and mark them as posted.
letters-none = No letters are waiting.
letters-not-begun = These are for that day: more may still come. One that cannot wait can be printed alone.
letters-print = { $count ->
    [one] Print the letter (PDF)
   *[other] Print { $count } letters (PDF)
}
letters-both-sides = For a printer that prints on both sides
letters-print-one = Print
letters-fold = They are made for window envelopes: fold each at its marks, the address outside. The first page is a list. Post only what was printed: what comes later is for the next file.
letters-mark = Mark the printed ones as posted
letters-printed = printed
letters-mark-one = Posted
letters-no-address = There is no postal address. Tell the patron another way.
letters-unwritten = What it would say is no longer there or not complete. Tell the patron another way.
letters-unprintable = The name or address has characters that cannot be printed here. Write it by hand, or tell the patron another way.
letters-no-return = The library has no postal address in its Participant Record: letters do not say where they go back to.
letters-not-made = The letters could not be made now. Try again in a moment.
letters-state-waits = Letter to be posted
letters-state-posted = Posted
letters-caveat = We know that it was posted, not that it arrived.
letters-choose = A letter
done-letters-posted = Marked as posted.
done-letters-none-posted = Nothing was marked: no letter of that day was printed and still waits. Print them first.
channel-letter = Letter
