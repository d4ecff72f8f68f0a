it-title = IT kit
it-heading = DNS records for { $domain }
it-lead = { $name } sends its interlibrary loan notices through this service. With these records they leave in the library’s own name, and Gmail, Outlook and the others accept them. Your own mail is not touched.
it-library = Library
it-questions = Questions
it-valid = Opens until
it-nothing = This library’s notices leave from the shared address, which needs no records of yours. There is nothing to do.
it-looking = Looking at your DNS…
it-looking-about = This takes a few seconds. The page comes by itself.
it-busy = Many pages are looking at once
it-refresh = Check now
it-done = All records are found
it-done-about = Nothing is left to do. Notices change over to the library’s own name by themselves.
it-progress = { $count } of { $all } records found
it-progress-about = While this page is open it looks again by itself. What you publish now may take as long to appear as the time to live (TTL) of what was there before.
it-seen = Looked at { $time } (UTC)
it-part-records = A. Records to publish in { $zone }
it-names-whole = Show whole names
it-names-short = Show names as the panel wants them
it-host = Your DNS is kept at { $name }. The names below are as its panel wants them: without the domain, which it adds itself.
it-host-dot = Keep the dot at the end of each target.
it-host-proxy = Set each of them to “{ $right }”, not to “{ $wrong }”.
it-host-unknown = Most panels add the domain themselves: the names below are without it. Where yours wants whole names, show them whole. Keep any proxy switched off.
it-name = Name
it-target = Points to
it-found = Found
it-absent = Not there yet
it-wrong = Wrong
it-unknown = No answer from the name servers
it-found-there = We found
it-spf = SPF record
it-spf-about = Not needed where the records above are there; some mail filters look for it. Edit the record you have: a second one would break all your mail.
it-spf-optional = Optional
it-spf-now = Now
it-spf-new = New
it-spf-none = There is none.
it-lookups = { $count } of 10 DNS look-ups used
it-copy-record = Copy the new record
it-files = The same as a file
it-file-ticket = Text for a ticket
it-file-zone = Zone file
it-part-mail = B. Let your own mail system take them
it-part-mail-why = Copies for the library’s staff go to your own mailboxes. Mail that comes from outside with an address of inside is often taken for forged, even when DNS is right.
it-part-mail-is = Your mail is at { $name }.
it-servers = Our servers send from:
it-copy-servers = Copy the addresses
it-copy-lines = Copy the lines
it-promise = C. What you may count on
it-promise-least = These records let us sign and send as this domain, and nothing else of it.
it-promise-mail = We never see your mail.
it-promise-keys = Keys change without you: the records point to names of ours.
it-promise-relays = New server addresses are announced beforehand, on a page and as a feed:
it-promise-end = You end it at any time: delete the records, and notices leave from the shared address again.
it-over-title = This link no longer opens
it-over = It is older than ninety days, or it was not copied whole.
it-over-do = Ask the library for a new one; its staff make it under ILL Admin, IT kit.
allow-microsoft-open = In the Microsoft Defender portal open Email & collaboration, Policies & rules, Threat policies, Tenant Allow/Block Lists, Spoofed senders.
allow-microsoft-add = Choose Add, and enter the pair: { $domain }, and the domain of our servers as in the commands below.
allow-microsoft-pair = Spoof type Internal, action Allow.
allow-microsoft-shell = Or run this in Exchange Online PowerShell:
allow-google-open = In the Admin console open Apps, Google Workspace, Gmail, Spam, Phishing and Malware, for the top of your organization.
allow-google-list = Under Email allowlist add the addresses below and save.
allow-google-spoofing = Under Safety, Spoofing and authentication, see that mail that spoofs { $domain } is not sent to quarantine; what our records vouch for is not spoofed.
allow-mimecast-open = In the Administration Console open Gateway, Policies, Anti-Spoofing, New Policy.
allow-mimecast-policy = Option Take no action; from { $domain }, to internal addresses; Policy Override on; Source IP Ranges as below.
allow-mimecast-permitted = Under Gateway, Policies, Permitted Senders make a policy with the same ranges.
allow-proofpoint-essentials = In Proofpoint Essentials open Security Settings, Email, Sender Lists, and add the addresses below to the safe senders.
allow-proofpoint-spoofing = Under Anti-Spoofing make an exception for { $domain } from these addresses.
allow-proofpoint-server = On a Protection Server: Email Protection, Spam Detection, Organizational Safe List, filter type Sender IP Address.
allow-barracuda-cloud = In Email Gateway Defense open Inbound Settings, IP Address Policies.
allow-barracuda-exempt = Under IP Blocking / Exemption add each address below with netmask 255.255.255.255 and policy Exempt.
allow-barracuda-own = On a gateway of your own: Block/Accept, IP Filters; and take { $domain } out of Sender Spoof Protection for them.
allow-postfix-file = Save the lines below as /etc/postfix/library-notices.cidr.
allow-postfix-use = In main.cf put check_client_access cidr:/etc/postfix/library-notices.cidr into smtpd_sender_restrictions, before what refuses senders of { $domain } from outside; then run postfix reload.
allow-postfix-screen = With postscreen, the same addresses with the word permit belong into postscreen_access_list.
kit-link-title = IT kit
kit-link-about = What your IT department needs so that notices leave in your library’s own name: a link that opens without an account.
kit-link-shared = Your notices leave from the shared address, and need nothing of your IT department. Set a From address in the Participant Record first.
kit-link-public-mailbox = Your From address is at a mailbox provider for everyone. Nobody can publish records there; notices leave from the shared address.
kit-link-new = The link
kit-link-lasts = It opens until { $day }, for whoever has it. It shows what your DNS shows to everybody, and no patron.
kit-link-mail = Write to IT
kit-link-open = Look at it yourself
kit-link-words = Words to send with it
kit-link-words-about = For a ticket or a mail of yours.
kit-link-subject = DNS records for the loan notices of { $name }
kit-link-letter = Hello,
    {""}
    our interlibrary loan notices should leave in our library’s own name, so that Gmail, Outlook and others accept them. This needs three DNS records and about fifteen minutes. The page below has them, says which are found, and names mistakes. It needs no account:
    {""}
    { $url }
    {""}
    The records do not touch our own mail and can be taken away at any time.
    {""}
    Thank you,
    { $name }
