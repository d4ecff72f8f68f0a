sign-in-title = Sign in
sign-in-login = Name or email address
sign-in-password = Password
sign-in-button = Sign in
sign-in-wrong = The name or the password is not right. Check both and try again.
sign-in-wait = { $seconds ->
    [one] There were too many tries. Wait a second and try again.
   *[other] There were too many tries. Wait { $seconds } seconds and try again.
}
sign-in-no-way = I cannot sign in
sign-in-no-way-colleague = A colleague who looks after staff can make you a link that signs you in once.
sign-in-no-way-code = Use a printed recovery code
sign-in-no-way-operator = Whoever runs this service makes a link on the server:
recovery-title = Sign in with a recovery code
recovery-about = Each code of your printed list opens once.
recovery-code = Recovery code
recovery-wrong = The name or the code is not right, or the code was used before.
recovery-back = Sign in with a password instead
link-title = Sign in by link
link-hello = Hello, { $name }
link-about = This link signs you in once, on this device.
link-over-title = This link no longer opens
link-over = It was used before, or it is older than a day.
link-over-do = Ask whoever gave it to you for a new one. On the server:
done-signed-out = You are signed out.
done-welcome = Welcome. Set a password, so that you can come back without a link.
