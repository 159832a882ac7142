"""How far each person's labels can be relied on, from how they agree with what others said of the same steps.

The model of Raykar et al. (JMLR 2010, "Learning from crowds", section 6): a label of person p is what the
step deserves plus a normal error with a variance of p's own. The deserved values are the precision-weighted
means, the variances the mean squared errors against them, in turn, until they settle. Two changes: a person
is compared with the *others* only, or a lone voice would always agree with itself; and a prior of K labels
with the usual variance S^2 keeps those with little in common with others near 1:

    reliability_p = S^2 / s_p^2,   s_p^2 = (K S^2 + sum_i c_i (x_pi - m_-p,i)^2) / (K + sum_i c_i)

so that the weighted mean of several people's labels on a step is the precision-weighted one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from learner.store.rows import Label

PRIOR_LABELS = 6.0
"""K."""
USUAL_STD = 0.6
"""S: of what people say about the same decision; two who tap in opposite ways differ by 2."""
BOUNDS = (0.1, 2.0)
ROUNDS = 8


def reliability(rows: Sequence[Label]) -> dict[str, float]:
    """person -> reliability; 1 for whoever has said nothing about a step that others spoke of."""
    said: dict[int, dict[str, tuple[float, float]]] = defaultdict(dict)
    for row in rows:
        if row.weight > 0.0:
            weight, total = said[row.step_id].get(row.client_id, (0.0, 0.0))
            said[row.step_id][row.client_id] = (weight + row.weight, total + row.weight * row.label)
    found = dict.fromkeys((row.client_id for row in rows), 1.0)
    shared = [people for people in said.values() if len(people) > 1]
    usual = USUAL_STD**2
    for _ in range(ROUNDS):
        error = dict.fromkeys(found, 0.0)
        count = dict.fromkeys(found, 0.0)
        for people in shared:
            mass = {p: found[p] * weight for p, (weight, _) in people.items()}
            value = {p: total / weight for p, (weight, total) in people.items()}
            all_mass = sum(mass.values())
            all_value = sum(mass[p] * value[p] for p in people)
            for p, (weight, _) in people.items():
                others = all_mass - mass[p]
                mean = (all_value - mass[p] * value[p]) / others
                # As sure as the least sure side of the comparison.
                c = min(weight, others, 1.0)
                error[p] += c * (value[p] - mean) ** 2
                count[p] += c
        for p in found:
            spread = (PRIOR_LABELS * usual + error[p]) / (PRIOR_LABELS + count[p])
            found[p] = min(BOUNDS[1], max(BOUNDS[0], usual / spread))
    return found
