it-title = Trousse informatique
it-heading = Enregistrements DNS pour { $domain }
it-lead = { $name } envoie ses avis de prêt entre bibliothèques par ce service. Avec ces enregistrements, ils partent au nom de la bibliothèque, et Gmail, Outlook et les autres les acceptent. Votre propre courriel n’est pas touché.
it-library = Bibliothèque
it-questions = Questions
it-valid = Lien valide jusqu’au
it-nothing = Les avis de cette bibliothèque partent de l’adresse commune, qui ne demande aucun enregistrement chez vous. Il n’y a rien à faire.
it-looking = Nous consultons votre DNS…
it-looking-about = Cela prend quelques secondes. La page s’actualise d’elle-même.
it-busy = Beaucoup de pages consultent en même temps
it-refresh = Vérifier maintenant
it-done = Tous les enregistrements sont trouvés
it-done-about = Il ne reste rien à faire. Les avis passent d’eux-mêmes au nom de la bibliothèque.
it-progress = { $count ->
    [one] { $count } enregistrement trouvé sur { $all }
   *[other] { $count } enregistrements trouvés sur { $all }
}
it-progress-about = Tant que cette page est ouverte, elle vérifie d’elle-même. Ce que vous publiez maintenant peut mettre autant de temps à paraître que la durée de vie (TTL) de ce qui était là avant.
it-seen = Consulté à { $time } (UTC)
it-part-records = A. Enregistrements à publier dans { $zone }
it-names-whole = Afficher les noms entiers
it-names-short = Afficher les noms comme le panneau les demande
it-host = Votre DNS est hébergé chez { $name }. Les noms ci-dessous sont tels que son panneau les demande : sans le domaine, qu’il ajoute lui-même.
it-host-dot = Gardez le point à la fin de chaque cible.
it-host-proxy = Réglez chacun sur « { $right } », et non sur « { $wrong } ».
it-host-unknown = La plupart des panneaux ajoutent le domaine eux-mêmes : les noms ci-dessous ne l’ont donc pas. Si le vôtre demande des noms entiers, affichez-les entiers. Laissez tout proxy (mandataire) désactivé.
it-name = Nom
it-target = Pointe vers
it-found = Trouvé
it-absent = Pas encore publié
it-wrong = Incorrect
it-unknown = Pas de réponse des serveurs de noms
it-found-there = Nous avons trouvé
it-spf = Enregistrement SPF
it-spf-about = Inutile si les enregistrements ci-dessus sont là; certains filtres le cherchent. Modifiez celui que vous avez : un second nuirait à tout votre courriel.
it-spf-optional = Facultatif
it-spf-now = Actuel
it-spf-new = Nouveau
it-spf-none = Il n’y en a pas.
it-lookups = { $count ->
    [one] { $count } recherche DNS sur 10
   *[other] { $count } recherches DNS sur 10
}
it-copy-record = Copier le nouvel enregistrement
it-files = La même chose en fichier
it-file-ticket = Texte pour un billet
it-file-zone = Fichier de zone
it-part-mail = B. Faire accepter les avis par votre propre courriel
it-part-mail-why = Les copies pour le personnel vont à vos propres boîtes. Un courriel qui vient de l’extérieur avec une adresse de l’intérieur passe souvent pour falsifié, même quand le DNS est bon.
it-part-mail-is = Votre courriel est chez { $name }.
it-servers = Nos serveurs envoient depuis :
it-copy-servers = Copier les adresses
it-copy-lines = Copier les lignes
it-promise = C. Ce sur quoi vous pouvez compter
it-promise-least = Ces enregistrements nous laissent signer et envoyer au nom de ce domaine, et rien d’autre.
it-promise-mail = Nous ne voyons jamais votre courriel.
it-promise-keys = Les clés changent sans vous : les enregistrements pointent vers des noms à nous.
it-promise-relays = Les nouvelles adresses de serveurs sont annoncées d’avance, sur une page et dans un flux :
it-promise-end = Vous y mettez fin en tout temps : supprimez les enregistrements, et les avis partent de nouveau de l’adresse commune.
it-over-title = Ce lien ne s’ouvre plus
it-over = Il a plus de quatre-vingt-dix jours, ou il n’a pas été copié en entier.
it-over-do = Demandez-en un nouveau à la bibliothèque; son personnel le crée sous Administration PEB, Trousse informatique.
allow-microsoft-open = Dans le portail Microsoft Defender, ouvrez Email & collaboration, Policies & rules, Threat policies, Tenant Allow/Block Lists, Spoofed senders.
allow-microsoft-add = Choisissez Add et entrez la paire : { $domain } et le domaine de nos serveurs, comme dans les commandes ci-dessous.
allow-microsoft-pair = Type d’usurpation (Spoof type) Internal, action Allow.
allow-microsoft-shell = Ou lancez ceci dans Exchange Online PowerShell :
allow-google-open = Dans la console d’administration, ouvrez Applications, Google Workspace, Gmail, Spam, hameçonnage et logiciels malveillants, au sommet de votre organisation.
allow-google-list = Sous Liste d’autorisation, ajoutez les adresses ci-dessous et enregistrez.
allow-google-spoofing = Sous Sécurité, Usurpation et authentification, assurez-vous que le courriel qui usurpe { $domain } n’est pas mis en quarantaine; ce que nos enregistrements garantissent n’est pas usurpé.
allow-mimecast-open = Dans la console d’administration, ouvrez Gateway, Policies, Anti-Spoofing, New Policy.
allow-mimecast-policy = Option Take no action; de { $domain } aux adresses internes; Policy Override coché; Source IP Ranges comme ci-dessous.
allow-mimecast-permitted = Sous Gateway, Policies, Permitted Senders, créez une règle avec les mêmes plages.
allow-proofpoint-essentials = Dans Proofpoint Essentials, ouvrez Security Settings, Email, Sender Lists, et ajoutez les adresses ci-dessous aux expéditeurs sûrs.
allow-proofpoint-spoofing = Sous Anti-Spoofing, faites une exception pour { $domain } depuis ces adresses.
allow-proofpoint-server = Sur un Protection Server : Email Protection, Spam Detection, Organizational Safe List, filtre Sender IP Address.
allow-barracuda-cloud = Dans Email Gateway Defense, ouvrez Inbound Settings, IP Address Policies.
allow-barracuda-exempt = Sous IP Blocking / Exemption, ajoutez chaque adresse ci-dessous avec le masque 255.255.255.255 et la règle Exempt.
allow-barracuda-own = Sur votre propre passerelle : Block/Accept, IP Filters; et soustrayez-les de Sender Spoof Protection pour { $domain }.
allow-postfix-file = Enregistrez les lignes ci-dessous sous /etc/postfix/library-notices.cidr.
allow-postfix-use = Dans main.cf, mettez check_client_access cidr:/etc/postfix/library-notices.cidr dans smtpd_sender_restrictions, avant ce qui refuse de l’extérieur les expéditeurs de { $domain }; puis lancez postfix reload.
allow-postfix-screen = Avec postscreen, les mêmes adresses suivies du mot permit vont dans postscreen_access_list.
kit-link-title = Trousse informatique
kit-link-about = Ce qu’il faut à votre service informatique pour que les avis partent au nom de votre bibliothèque : un lien qui s’ouvre sans compte.
kit-link-shared = Vos avis partent de l’adresse commune et ne demandent rien à votre service informatique. Donnez d’abord une adresse d’expéditeur dans le dossier de la bibliothèque.
kit-link-public-mailbox = Votre adresse d’expéditeur est chez un fournisseur ouvert à tous. Personne ne peut y publier d’enregistrements; les avis partent de l’adresse commune.
kit-link-new = Le lien
kit-link-lasts = Il s’ouvre jusqu’au { $day }, pour quiconque l’a. Il montre ce que votre DNS montre à tous, et aucun usager.
kit-link-mail = Écrire à l’informatique
kit-link-open = Le voir vous-même
kit-link-words = Quoi écrire avec le lien
kit-link-words-about = Pour un billet ou un courriel de votre part.
kit-link-subject = Enregistrements DNS pour les avis de prêt de { $name }
kit-link-letter = Bonjour,
    {""}
    Nos avis de prêt entre bibliothèques devraient partir au nom de notre bibliothèque, pour que Gmail, Outlook et les autres les acceptent. Il faut pour cela trois enregistrements DNS et environ quinze minutes. La page ci-dessous les donne, dit lesquels sont trouvés et nomme les erreurs. Elle s’ouvre sans compte :
    {""}
    { $url }
    {""}
    Les enregistrements ne touchent pas notre propre courriel et peuvent être retirés en tout temps.
    {""}
    Merci,
    { $name }
