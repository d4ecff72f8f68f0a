//! The ways out of an SPF record that does not work, in words.

use standards::spf::count::{Dead, WayOut};

use super::super::words::Reason;

/// A way out, said to whoever keeps the record.
pub(in crate::sender) fn way_out(way: &WayOut) -> Reason {
    let (code, en, fr) = match way {
        WayOut::DropDead { term, why, saves } => (
            "drop_dead",
            format!("Take “{term}” away: {why}, which makes the whole record fail. Look-ups saved: {saves}."),
            format!(
                "Retirez « {term} » : {}, ce qui fait échouer tout l’enregistrement. Consultations gagnées : {saves}.",
                french(why)
            ),
        ),
        WayOut::DropPtr { term, saves } => (
            "drop_ptr",
            format!("Take “{term}” away: it should not be used, and many receivers skip it. Look-ups saved: {saves}."),
            format!(
                "Retirez « {term} » : il ne faut plus l’utiliser, et beaucoup de destinataires l’ignorent. Consultations gagnées : {saves}."
            ),
        ),
        WayOut::UseAddresses { lookups, .. } => (
            "use_addresses",
            format!("Add our addresses in place of the include: the record then needs {lookups} look-ups."),
            format!(
                "Ajoutez nos adresses à la place de l’include : l’enregistrement exige alors {lookups} consultations."
            ),
        ),
        WayOut::UseReturnPath => (
            "use_return_path",
            "Leave this record as it is and publish the alias for the return path instead: SPF is then asked there."
                .to_owned(),
            "Laissez cet enregistrement tel quel et publiez plutôt l’alias de l’adresse de retour : SPF est alors consulté là."
                .to_owned(),
        ),
        WayOut::Review { term, saves } => (
            "review",
            format!("Is the service behind “{term}” still in use? Without it {saves} look-ups are saved."),
            format!("Le service derrière « {term} » sert-il encore ? Sans lui, on gagne {saves} consultations."),
        ),
    };
    let detail = match way {
        WayOut::UseAddresses { merge, .. } => Some(merge.record.clone()),
        WayOut::DropPtr { .. } => Some("RFC 7208 §5.5".to_owned()),
        _ => None,
    };
    Reason { code, en, fr, detail }
}

fn french(why: &Dead) -> String {
    match why {
        Dead::NoName => "ce nom ne peut exister dans le DNS".to_owned(),
        Dead::NoRecord(at) => format!("{at} ne publie aucun enregistrement SPF"),
        Dead::Several(at) => format!("{at} publie plusieurs enregistrements SPF"),
        Dead::Faulty { at, fault } => format!("l’enregistrement de {at} est fautif ({fault})"),
        Dead::Circle => "il inclut l’enregistrement où il se trouve".to_owned(),
    }
}
