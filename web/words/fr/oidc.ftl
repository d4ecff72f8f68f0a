oidc-sign-in = Ouvrir une session avec { $name }
oidc-no-provider = L’endroit où vous ouvrez une session ne répond pas. Réessayez dans une minute, ou prenez votre nom et votre mot de passe.
oidc-not-begun = Cette ouverture de session n’a pas commencé dans ce navigateur, ou a duré trop longtemps. Recommencez.
oidc-not-believed = La réponse n’est pas crédible. Recommencez; si cela persiste, dites-le à qui exploite ce service.
oidc-unknown = On vous connaît là-bas, mais vous n’avez pas d’accès ici. Un admin de votre bibliothèque peut vous ajouter sous Administration PEB, Personnel.
