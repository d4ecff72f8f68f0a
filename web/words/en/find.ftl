find-title = Find in all libraries
find-what = Request or message
find-none = No request has this number, and no message this id. To look for a patron, go to the library.
