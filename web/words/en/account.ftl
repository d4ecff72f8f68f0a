account-title = Your account
account-login = You sign in as { $login }.
account-password-set = Set a password
account-password-change = Change your password
account-old = Current password
account-new = New password
account-new-hint = 12 letters or more. Three or four words that you remember are best.
account-password-save = Save password
account-wrong-old = The current password is not right.
account-too-short = Enter a password of { $count } letters or more
account-too-long = Enter a password of at most { $count } letters
account-is-login = Enter a password without your name in it
account-codes = Recovery codes
account-codes-left = { $count ->
    [0] You have none. They let you in on the day when nothing else does.
    [one] You have one left.
   *[other] You have { $count } left.
}
account-codes-make = Make new codes
account-codes-new = Your new recovery codes
account-codes-keep = Print this page now: they are shown only once. Each opens once, and older ones no longer open.
account-devices = Where you are signed in
account-device = { $browser } on { $system }
account-device-unknown = A browser
account-this-device = This device
account-seen = Last used { $when }
account-end = Sign out there
done-password = Your password is saved. You are signed out everywhere else.
done-session-ended = Signed out there.
