shell-service = Library notices
shell-skip = Skip to the page
shell-find = Patron, title, request
shell-find-button = Find
shell-navigation = Staff Dashboard
shell-trail = Where you are
shell-sign-out = Sign out
shell-change-library = Change library
shell-relays = Mail relay gateways
shell-wrong = Error:{" "}
shell-problem = There is a problem
nav-home = Home
nav-messages = Messages
nav-unreached = Not reached
nav-bounces = Bounces
nav-arrival = Arrival
nav-ill-admin = ILL Admin
number = { $count }
time-now = just now
time-minutes-ago = { $count ->
    [one] a minute ago
   *[other] { $count } minutes ago
}
time-today = today, { $time }
language-en = English
language-fr = French
yes = Yes
no = No
copy = Copy
copied = Copied
done-saved = Saved.
