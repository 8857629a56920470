"""Merging: synonyms become one term, and everything that has them has that one.

:func:`plan_merge` counts and warns, :func:`merge_terms` does it in short transactions, and
:func:`undo_merge` takes it back with the file that the merge wrote.
"""

from django_personalization.merging.plan import MergePlan, plan_merge
from django_personalization.merging.run import BATCH, Merged, merge_terms
from django_personalization.merging.undo import Unmerged, undo_merge

__all__ = ["BATCH", "MergePlan", "Merged", "Unmerged", "merge_terms", "plan_merge", "undo_merge"]
