//! What a check counts and writes down: look-ups and their limits (RFC 7208 §4.6.4), the least TTL, the trace.

use super::super::parse::Term;
use super::super::{
    Answered, DNS_LOOKUPS_MAX, Event, Problem, SpfResult, Step, TRACE_STEPS_MAX, TermOutcome, VOID_LOOKUPS_MAX,
};
use super::{At, Check, Stop, Voids, permanent};
use crate::dns::Answer;

/// Records of one answer that the trace shows; a check never needs more of them read by people.
const RECORDS_SHOWN_MAX: usize = 32;
impl Check<'_> {
    /// RFC 7208 §4.6.4: counts a term that asks the DNS, before it does.
    pub(super) fn count(&mut self, at: At<'_>, term: &Term) -> Result<(), Stop> {
        if self.lookups == DNS_LOOKUPS_MAX {
            let (term, domain) = (term.text.clone(), at.domain.to_string());
            return Err(permanent(Problem::TooManyLookups { term, domain }));
        }
        self.lookups += 1;
        Ok(())
    }

    /// Takes an answer: into the trace, the counters and the TTL, and gives its records.
    pub(super) fn told<T>(
        &mut self,
        at: At<'_>,
        (name, kind): (&str, &'static str),
        answer: Answer<T>,
        voids: Voids,
        shown: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, Stop> {
        let mut void = false;
        let (answered, why, ttl_s) = match &answer {
            Ok(found) if !found.records.is_empty() => (Answered::Found, None, Some(found.ttl_s)),
            Ok(found) => {
                void = voids == Voids::Count;
                let answered = if found.name_exists { Answered::NoSuchRecord } else { Answered::NoSuchName };
                (answered, None, Some(found.ttl_s))
            }
            Err(no_answer) => (Answered::NoAnswer, Some(no_answer.why.clone()), None),
        };
        self.void_lookups += u8::from(void);
        if let Some(ttl_s) = ttl_s {
            self.ttl_s = Some(self.ttl_s.map_or(ttl_s, |least| least.min(ttl_s)));
        }
        let records = answer.iter().flat_map(|found| &found.records).take(RECORDS_SHOWN_MAX).map(shown).collect();
        let event = Event::Lookup { name: name.to_owned(), kind, answer: answered, records, why, ttl_s, void };
        self.note(at, event);
        let found = answer.map_err(|no_answer| Stop {
            result: SpfResult::TempError,
            problem: Problem::NoAnswer { name: name.to_owned(), kind: kind.to_owned(), why: no_answer.why },
        })?;
        if self.void_lookups > VOID_LOOKUPS_MAX {
            return Err(permanent(Problem::TooManyVoids { name: name.to_owned(), kind: kind.to_owned() }));
        }
        Ok(found.records)
    }

    pub(super) fn note(&mut self, at: At<'_>, event: Event) {
        if self.trace.len() < TRACE_STEPS_MAX {
            let (lookups, void_lookups) = (self.lookups, self.void_lookups);
            let domain = at.domain.to_string();
            self.trace.push(Step { depth: at.depth, domain, event, lookups, void_lookups });
        }
    }

    /// A term's step comes before the steps it causes; [`Check::finish`] fills in what came of it.
    pub(super) fn begin(&mut self, at: At<'_>, term: &Term) -> usize {
        let index = self.trace.len();
        let outcome = TermOutcome::NoMatch;
        self.note(at, Event::Term { term: term.text.clone(), target: None, outcome, result: None });
        index
    }

    pub(super) fn finish(&mut self, index: usize, came: TermOutcome, gives: Option<SpfResult>) {
        if let Some(step) = self.trace.get_mut(index)
            && let Event::Term { outcome, result, .. } = &mut step.event
        {
            (*outcome, *result) = (came, gives);
            (step.lookups, step.void_lookups) = (self.lookups, self.void_lookups);
        }
    }
}
