tasks-title = Set up your notices
tasks-about = Five short tasks, in any order; you can leave and come back. The first notice can go out in five minutes, and nothing is needed in DNS.
tasks-done-count = { $count ->
    [0] None is done yet.
    [one] One is done.
   *[other] { $count } are done.
}
tasks-done = Done
tasks-open = To do
tasks-record = Your library
tasks-record-about = Its name, telephone, hours, time zone and languages.
tasks-sender = Who notices come from
tasks-sender-about = The shared address works at once. Say where replies go; your own address can come later.
tasks-notices = Which notices go out
tasks-notices-about = { $count ->
    [one] One of them is on.
   *[other] { $count } of them are on.
} Look through them, and change what you would say otherwise.
tasks-test = Send yourself a test
tasks-test-about = See it leave, and whether it is in your inbox.
tasks-connect = Connect your ILL system
tasks-connect-about = It tells us of requests with a key of your library. From then on notices go out.
