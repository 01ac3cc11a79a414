"""Quizzes: items from the authors' cards and questions, answers graded by code, rounds as plain data."""
