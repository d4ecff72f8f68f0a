arrival-title = Acheminement des avis
arrival-span = Jusqu’où remonter
arrival-weeks = { $count } semaines
arrival-verdict-none = Rien n’a été envoyé durant ces semaines.
arrival-verdict-good = Vos avis sont acceptés.
arrival-verdict-some = La plupart de vos avis sont acceptés; quelques-uns ne le sont pas.
arrival-verdict-bad = Beaucoup de vos avis ne sont pas acceptés.
arrival-all = { $count ->
    [one] Le sort d’un message est connu; les destinataires en ont accepté { $accepted }.
   *[other] Le sort de { $count } messages est connu; les destinataires en ont accepté { $accepted }.
}
arrival-few = Les pourcentages paraissent à partir de 20 messages.
arrival-caveat = Accepté veut dire que le serveur du destinataire l’a pris. Personne ne voit s’il est dans la boîte de réception ou dans les indésirables.
arrival-of = { $count } sur { $all }
arrival-question-weeks = Les avis sont-ils acceptés?
arrival-chart = Messages acceptés et non livrés, par semaine. Le tableau ci-dessous donne les nombres.
arrival-accepted = Acceptés
arrival-failed = Non livrés
arrival-share = Acceptés sur le total
arrival-week = Semaine du
arrival-table = Les mêmes nombres en tableau
arrival-question-where = Où ne sont-ils pas acceptés?
arrival-provider = Fournisseur
arrival-others = Tous les autres
arrival-not = { $count ->
    [one] 1 non accepté
   *[other] { $count } non acceptés
}
arrival-question-why = Pourquoi?
arrival-no-reasons = Rien n’a échoué durant ces semaines.
arrival-suppressed = { $count ->
    [one] Un autre n’a pas été envoyé, car son adresse est sur la liste d’exclusion.
   *[other] { $count } autres n’ont pas été envoyés, car leurs adresses sont sur la liste d’exclusion.
}
arrival-question-fast = En combien de temps sont-ils acceptés?
arrival-within-10s = en 10 secondes
arrival-within-1m = en une minute
arrival-within-10m = en 10 minutes
arrival-within-1h = en une heure
arrival-within-4h = en 4 heures
arrival-within-1d = en un jour
arrival-question-order = Notre domaine est-il en ordre?
arrival-reporters = { $count ->
    [one] Un destinataire nous a dit qui envoie au nom de ce domaine.
   *[other] { $count } destinataires nous ont dit qui envoie au nom de ce domaine.
}
arrival-reported = Le dernier rapport est venu le { $day }.
arrival-libraries-title = Bibliothèques concernées
arrival-libraries-span = Du { $from } au { $to }
arrival-libraries-none = Aucune bibliothèque n’a de tels messages dans ces semaines.
arrival-libraries-back = Revenir à Acheminement
arrival-verdict-all-good = Les avis des bibliothèques sont acceptés.
arrival-verdict-all-some = La plupart des avis des bibliothèques sont acceptés; quelques-uns ne le sont pas.
arrival-verdict-all-bad = Beaucoup d’avis des bibliothèques ne sont pas acceptés.
