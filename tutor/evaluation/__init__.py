"""`tutor eval`: question sets, measures, reports with intervals."""

from tutor.evaluation.report import Measure, Report
from tutor.evaluation.suites import SUITES, Subject, evaluate, run_suites

__all__ = ["SUITES", "Measure", "Report", "Subject", "evaluate", "run_suites"]
