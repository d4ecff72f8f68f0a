audit-title = Journal des changements
audit-about = Qui a changé quoi, quand et pourquoi. On ajoute des entrées, on n’en change aucune.
audit-empty = Rien n’a encore été modifié.
audit-none = Rien ne correspond. Choisissez un autre genre de changement, ou un autre nom.
audit-what = Quoi
audit-by = Qui
audit-because = Raison : { $why }
audit-changes = { $count ->
    [one] Un changement
   *[other] { $count } changements
}
audit-file = Enregistrer en CSV
audit-check = Vérifier qu’aucune entrée n’a été altérée
audit-whole = { $count ->
    [one] La seule entrée est telle qu’elle a été écrite.
   *[other] Les { $count } entrées sont telles qu’elles ont été écrites.
}
audit-broken = L’entrée { $count } manque ou a été altérée.
audit-broken-do = Quelqu’un a modifié la base de données elle-même. Prévenez la personne qui exploite ce service.
deed-record-added = A ajouté la bibliothèque
deed-record-changed = A modifié le dossier du participant
deed-words-saved = A enregistré le texte d’un avis
deed-words-reset = Est revenu au texte commun d’un avis
deed-queue-paused = A suspendu l’envoi
deed-queue-resumed = A repris l’envoi
deed-queue-let-go = A laissé partir des avis retenus parce qu’ils étaient trop nombreux à la fois
deed-queue-dropped = A abandonné des avis retenus parce qu’ils étaient trop nombreux à la fois
deed-relay-drained = A mis un relais de courriel hors service
deed-relay-resumed = A remis un relais de courriel en service
deed-queue-flushed = A tout fait essayer tout de suite
deed-address-stopped = A mis une adresse sur la liste d’exclusion
deed-address-allowed = A utilisé de nouveau une adresse
deed-message-cancelled = A annulé un message
deed-message-released = A laissé partir un message retenu
deed-message-repeated = A renvoyé un message
deed-letter-posted = A posté une lettre
deed-letter-printed = A produit des lettres à imprimer
deed-unreached-seen-to = S’est occupé d’un usager non joint
deed-key-made = A créé une clé d’API
deed-key-ended = A révoqué une clé d’API
deed-staff-added = A ajouté une personne
deed-staff-role = A changé le rôle de quelqu’un
deed-staff-role-ended = A retiré le rôle de quelqu’un
deed-staff-link = A créé un lien de connexion pour quelqu’un
deed-account-password = A choisi un mot de passe
deed-account-recovery-codes = A créé de nouveaux codes de secours
deed-account-passkey = A ajouté une clé d’accès
deed-account-passkey-removed = A retiré une clé d’accès
deed-webhook-added = A ajouté un webhook
deed-webhook-changed = A modifié un webhook
deed-webhook-on = A activé un webhook
deed-webhook-off = A désactivé un webhook
deed-webhook-secret = A donné un nouveau secret à un webhook
deed-webhook-removed = A supprimé un webhook
deed-webhook-replayed = A fait renvoyer des événements
deed-webhook-tested = A envoyé un événement d’essai
deed-relay-secret-changed = A changé le mot de passe du relais de la bibliothèque
deed-dkim-changed = A changé une clé de signature
deed-list-exported = A enregistré une liste dans un fichier
deed-it-reminded = A relancé le service informatique
deed-retention-changed = A changé les durées de conservation
audit-about-all = Seul ce qui a été modifié pour toutes les bibliothèques figure ici; chaque bibliothèque a sa propre liste.
audit-empty-all = Rien n’a encore été modifié pour toutes les bibliothèques.
by-key = clé « { $name } »
