oidc-sign-in = Sign in with { $name }
oidc-no-provider = Your consortium’s sign-in does not answer. Try again in a minute, or sign in with your name and password.
oidc-not-begun = This sign-in was not begun in this browser, or it took too long. Begin once more.
oidc-not-believed = The answer could not be verified. Begin once more; if it stays, tell whoever runs this service.
oidc-unknown = You are known there, and have no sign-in here. An admin of your library can add you under ILL Admin, Staff.
