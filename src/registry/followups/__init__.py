"""Three registers: patients with severe mental illness (严重精神障碍患者), visits to them (走访、随访), campaigns (专项行动)."""
