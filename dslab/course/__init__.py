"""The course: one package a lesson, the only place that knows a lesson and the screen.

Each holds what its notebook puts on the stage, so that a cell is one to five lines and everything can be imported and
tested: its explorers, pictures, predictions, exercises (`ROOM`), claims (`CLAIMS`), bug zoo (`ZOO`), words (`WORDS`) and `META`.
"""
